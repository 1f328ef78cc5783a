#include "server/sample_names.h"

size_t sample_words(const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

/* clang-format off */
#define WORDS(...) (const char *const[]){__VA_ARGS__, NULL}

#define ENGLISH_FIRST WORDS("James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", \
    "Elizabeth", "William", "Barbara", "Richard", "Susan", "Joseph", "Jessica", "Thomas", "Sarah", "Charles", "Karen", \
    "Daniel", "Nancy", "Matthew", "Lisa", "Anthony", "Betty", "Mark", "Margaret", "Steven", "Sandra", "Paul", "Ashley", \
    "Andrew", "Kimberly", "Joshua", "Emily", "Kenneth", "Donna", "Kevin", "Michelle", "Brian", "Carol", "George", \
    "Amanda", "Edward", "Dorothy", "Ronald", "Melissa", "Timothy", "Deborah", "Siobhán", "Zoë", "Renée", "Mehmet", "Priya")
#define ENGLISH_LAST WORDS("Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", \
    "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", \
    "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", \
    "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", \
    "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "O'Brien", "Kim", "Patel", "Singh", "Cohen")

/*
 * Numbers that no one has: North America 555-0100 to 555-0199 (NANPA), and the ranges for drama and
 * media of Ofcom, Bundesnetzagentur, ARCEP, ACMA and PTS.  Elsewhere there is none: the American.
 */
#define PHONES_US WORDS("+121255501", "+141555501", "+131255501", "+151255501", "+161755501", "+120655501", "+130355501", \
    "+140455501", "+130555501", "+150355501", "+160255501", "+152055501", "+121455501", "+171355501", "+161555501", \
    "+121555501", "+161955501", "+161455501", "+161255501", "+131355501", "+121355501", "+170255501", "+180155501", \
    "+131455501", "+141255501", "+150455501", "+191955501", "+180855501", "+120255501", "+141055501"), 2
#define PHONES_CA WORDS("+161355501", "+141655501", "+160455501", "+151455501", "+140355501"), 2
#define PHONES_GB WORDS("+442079460", "+447700900", "+441134960", "+441614960", "+441314960", "+442920180"), 3
#define PHONES_DE WORDS("+493023125", "+494066969", "+496990009", "+492214710", "+498999998"), 3
#define PHONES_FR WORDS("+3319900", "+3363998", "+3326191", "+3335301", "+3346571", "+3353649"), 4
#define PHONES_AU WORDS("+6125550", "+6135550", "+6127010", "+6137010", "+6175550", "+6185550"), 4
#define PHONES_SE WORDS("+468465004", "+463139006", "+464062804"), 2

#define TITLES_DE WORDS("Vertriebsleiter", "Geschäftsführer", "Projektleiterin", "Softwareentwickler", "Teamleiter Kundenservice", \
    "Einkaufsleiterin", "Leiter Marketing", "Personalreferentin", "Buchhalterin", "Prokurist", "Sachbearbeiter Einkauf", \
    "Werkstudentin Marketing", "Inhaber", "Leiterin Produktmanagement", "Technischer Leiter")
#define TITLES_FR WORDS("Directeur commercial", "Responsable marketing", "Chef de projet", "Développeuse", "Directrice financière", \
    "Responsable des achats", "Chargée de recrutement", "Président", "Directeur général", "Ingénieur commercial", "Stagiaire marketing")
#define TITLES_ES WORDS("Director Comercial", "Gerente de Ventas", "Directora de Recursos Humanos", "Jefe de Compras", "Analista de Datos", \
    "Director General", "Desarrollador", "Responsable de Marketing", "Contable", "Becaria")

const struct sample_country sample_countries[] = {
    {"US", 320, false, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("New York|New York", "San Francisco|California", "Los Angeles|California", "Chicago|Illinois", "Austin|Texas",
           "Boston|Massachusetts", "Seattle|Washington", "Denver|Colorado", "Atlanta|Georgia", "Miami|Florida",
           "Portland|Oregon", "Phoenix|Arizona", "Dallas|Texas", "Houston|Texas", "Nashville|Tennessee", "Philadelphia|Pennsylvania",
           "San Diego|California", "Columbus|Ohio", "Minneapolis|Minnesota", "Detroit|Michigan", "Salt Lake City|Utah", "Raleigh|North Carolina",
           "Tucson|Arizona", "Pittsburgh|Pennsylvania", "St. Louis|Missouri", "New Orleans|Louisiana", "Boise|Idaho", "Madison|Wisconsin"),
     WORDS("Inc.", "LLC", "Corp."), NULL, PHONES_US},
    {"GB", 95, false, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("London|England", "Manchester|England", "Birmingham|England", "Leeds|England", "Edinburgh|Scotland", "Bristol|England",
           "Glasgow|Scotland", "Cambridge|England", "Cardiff|Wales", "Belfast|Northern Ireland", "Sheffield|England", "Brighton|England"),
     WORDS("Ltd", "plc"), NULL, PHONES_GB},
    {"DE", 90, false, WORDS("Anna", "Lukas", "Björn", "Jürgen", "Sabine", "Karin", "Jonas", "Leonie", "Felix", "Mia", "Heike", "Uwe",
           "Gitte", "Matthias", "Ulrike", "Stefan", "Käthe", "Sören", "Ayşe", "Emre", "Thorsten", "Ingrid", "Jörg", "Swantje"),
     WORDS("Müller|mueller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann",
           "Schäfer|schaefer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder|schroeder", "Neumann", "Keller", "Groß|gross",
           "von der Heide", "Krüger|krueger", "Yılmaz|yilmaz", "Böhm|boehm"),
     WORDS("Berlin|Berlin", "München|Bavaria", "Hamburg|Hamburg", "Köln|North Rhine-Westphalia", "Frankfurt|Hesse",
           "Stuttgart|Baden-Württemberg", "Düsseldorf|North Rhine-Westphalia", "Leipzig|Saxony", "Dresden|Saxony", "Hannover|Lower Saxony",
           "Nürnberg|Bavaria", "Bremen|Bremen"),
     WORDS("GmbH", "AG", "GmbH & Co. KG"), TITLES_DE, PHONES_DE},
    {"IN", 70, false, WORDS("Aarav", "Vivaan", "Aditya", "Ananya", "Diya", "Ishaan", "Kavya", "Rohan", "Priya", "Neha", "अर्जुन|arjun", "मीरा|meera",
           "Lakshmi", "Sanjay"),
     WORDS("Sharma", "Verma", "Gupta", "Patel", "Iyer", "Reddy", "Nair", "Mehta", "Kapoor", "Das", "शर्मा|sharma", "सिंह|singh", "Chatterjee", "Rao"),
     WORDS("Bengaluru|Karnataka", "Mumbai|Maharashtra", "Delhi|Delhi", "Hyderabad|Telangana", "Pune|Maharashtra", "Chennai|Tamil Nadu"),
     WORDS("Pvt. Ltd."), NULL, PHONES_US},
    {"FR", 65, false, WORDS("Chloé", "Hugo", "Camille", "Louis", "Inès", "Jules", "Manon", "Gaël", "Zoé", "Noël", "Éloïse", "Théo", "Amélie", "François"),
     WORDS("Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Lefèvre", "Géraud", "d'Aubigny", "Benali"),
     WORDS("Paris|Île-de-France", "Lyon|Auvergne-Rhône-Alpes", "Marseille|Provence-Alpes-Côte d'Azur", "Toulouse|Occitanie",
           "Lille|Hauts-de-France", "Nantes|Pays de la Loire"),
     WORDS("SAS", "SA", "SARL"), TITLES_FR, PHONES_FR},
    {"CA", 45, false, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("Toronto|Ontario", "Vancouver|British Columbia", "Montréal|Quebec", "Calgary|Alberta", "Ottawa|Ontario"),
     WORDS("Inc.", "Ltd."), NULL, PHONES_CA},
    {"AU", 35, false, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("Sydney|New South Wales", "Melbourne|Victoria", "Brisbane|Queensland", "Perth|Western Australia", "Adelaide|South Australia"),
     WORDS("Pty Ltd"), NULL, PHONES_AU},
    {"NL", 35, false, WORDS("Bram", "Sanne", "Daan", "Lotte", "Jeroen", "Femke", "Thijs", "Anouk", "Joost", "Maaike"),
     WORDS("de Vries", "van Dijk", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "de Groot", "Bos", "van den Berg"),
     WORDS("Amsterdam|North Holland", "Rotterdam|South Holland", "Utrecht|Utrecht", "Eindhoven|North Brabant"),
     WORDS("BV", "NV"), WORDS("Algemeen Directeur", "Hoofd Verkoop", "Eigenaar", "Medewerker Klantenservice", "Ontwikkelaar"), PHONES_US},
    {"ES", 35, false, WORDS("Lucía", "Hugo", "Martín", "Sofía", "José", "Marta", "Álvaro", "Inés", "Íñigo", "Begoña"),
     WORDS("García", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Núñez", "Ibáñez", "de la Cruz"),
     WORDS("Madrid|Madrid", "Barcelona|Catalonia", "Valencia|Valencia", "Sevilla|Andalusia", "Bilbao|Basque Country"),
     WORDS("SL", "SA"), TITLES_ES, PHONES_US},
    {"IT", 30, false, WORDS("Luca", "Giulia", "Marco", "Chiara", "Matteo", "Francesca", "Niccolò", "Alessandra"),
     WORDS("Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "D'Amico", "Marino", "Greco"),
     WORDS("Milano|Lombardy", "Roma|Lazio", "Torino|Piedmont", "Bologna|Emilia-Romagna"),
     WORDS("S.r.l.", "S.p.A."), WORDS("Direttore Commerciale", "Responsabile Acquisti", "Amministratore Delegato", "Sviluppatore",
           "Responsabile Marketing"), PHONES_US},
    {"BR", 30, false, WORDS("João", "Ana", "Pedro", "Beatriz", "Gustavo", "Larissa", "Conceição", "Thiago"),
     WORDS("Silva", "Santos", "Oliveira", "Souza", "Pereira", "Lima", "Araújo", "Gonçalves"),
     WORDS("São Paulo|São Paulo", "Rio de Janeiro|Rio de Janeiro", "Curitiba|Paraná", "Belo Horizonte|Minas Gerais"),
     WORDS("Ltda.", "S.A."), WORDS("Diretora Comercial", "Gerente de Vendas", "Analista de Marketing", "Desenvolvedor", "Sócio"), PHONES_US},
    {"JP", 30, true, WORDS("花子|hanako", "太郎|taro", "健太|kenta", "美咲|misaki", "さくら|sakura", "翔太|shota", "陽菜|hina", "大輔|daisuke"),
     WORDS("佐藤|sato", "鈴木|suzuki", "高橋|takahashi", "田中|tanaka", "伊藤|ito", "渡辺|watanabe", "山本|yamamoto", "中村|nakamura", "小林|kobayashi",
           "加藤|kato"),
     WORDS("東京|東京都", "大阪|大阪府", "名古屋|愛知県", "福岡|福岡県"),
     WORDS("株式会社"), WORDS("営業部長", "代表取締役", "マーケティングマネージャー", "人事課長", "開発エンジニア", "購買担当"), PHONES_US},
    {"PL", 20, false, WORDS("Piotr", "Agnieszka", "Łukasz", "Małgorzata", "Paweł", "Żaneta", "Krzysztof", "Zofia"),
     WORDS("Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Zając", "Lewandowski", "Dąbrowski", "Piątek"),
     WORDS("Warszawa|Masovia", "Kraków|Lesser Poland", "Wrocław|Lower Silesia", "Gdańsk|Pomerania"),
     WORDS("sp. z o.o.", "S.A."), WORDS("Dyrektor Sprzedaży", "Prezes Zarządu", "Kierownik Działu Zakupów", "Programista", "Specjalista ds. Kadr"),
     PHONES_US},
    {"SE", 15, false, WORDS("Nils", "Astrid", "Åsa", "Björn", "Elin", "Göran"), WORDS("Berg", "Lindström", "Åkesson", "Holm", "Sjögren", "Öberg"),
     WORDS("Stockholm|Stockholm", "Göteborg|Västra Götaland", "Malmö|Skåne"), WORDS("AB"), NULL, PHONES_SE},
    {"CH", 15, false, WORDS("Reto", "Ursina", "Beat", "Noémie", "Jürg", "Luzia"), WORDS("Ammann", "Bühler|buehler", "Gfeller", "Zürcher|zuercher", "Favre", "Rüegg"),
     WORDS("Zürich|Zürich", "Genève|Geneva", "Basel|Basel-Stadt", "Bern|Bern"), WORDS("AG", "GmbH", "SA"), TITLES_DE, PHONES_US},
    {"CN", 15, true, WORDS("伟|wei", "芳|fang", "娜|na", "敏|min", "静|jing", "磊|lei"), WORDS("王|wang", "李|li", "张|zhang", "刘|liu", "陈|chen", "杨|yang"),
     WORDS("上海|上海", "北京|北京", "深圳|广东", "杭州|浙江"), WORDS("有限公司"), WORDS("销售总监", "总经理", "市场经理", "软件工程师", "采购经理"), PHONES_US},
    {"MX", 15, false, WORDS("Ximena", "Diego", "Valeria", "Emiliano", "Renata"), WORDS("Hernández", "Jiménez", "Ramírez", "Ortiz", "Muñoz"),
     WORDS("Ciudad de México|Mexico City", "Guadalajara|Jalisco", "Monterrey|Nuevo León"), WORDS("S.A. de C.V."), TITLES_ES, PHONES_US},
    {"UA", 10, false, WORDS("Олександр|oleksandr", "Наталія|nataliia", "Андрій|andrii", "Оксана|oksana", "Юлія|yuliia"),
     WORDS("Шевченко|shevchenko", "Коваленко|kovalenko", "Бондаренко|bondarenko", "Ткаченко|tkachenko", "Їжак|yizhak"),
     WORDS("Київ|Київ", "Львів|Львівська область"), WORDS("LLC"), NULL, PHONES_US},
    {"AE", 10, false, WORDS("محمد|mohammed", "فاطمة|fatima", "أحمد|ahmed", "مريم|maryam", "Omar"),
     WORDS("المنصوري|almansoori", "النعيمي|alnuaimi", "الشامسي|alshamsi", "Haddad"),
     WORDS("Dubai|Dubai", "Abu Dhabi|Abu Dhabi"), WORDS("FZ-LLC"), NULL, PHONES_US},
    {"KR", 10, true, WORDS("민준|minjun", "서연|seoyeon", "지훈|jihoon", "하은|haeun"), WORDS("김|kim", "이|lee", "박|park", "최|choi", "정|jung"),
     WORDS("서울|서울", "부산|부산"), WORDS("Co., Ltd."), NULL, PHONES_US},
    {"GR", 10, false, WORDS("Γιώργος|giorgos", "Μαρία|maria", "Νίκος|nikos", "Ελένη|eleni"), WORDS("Παπαδόπουλος|papadopoulos", "Νικολάου|nikolaou",
           "Γεωργίου|georgiou"), WORDS("Αθήνα|Attica", "Θεσσαλονίκη|Central Macedonia"), WORDS("A.E."), NULL, PHONES_US},
    {NULL, 0, false, NULL, NULL, NULL, NULL, NULL, NULL, 0},
};

const struct sample_word sample_titles[] = {
    {"Software Engineer", 90}, {"Account Executive", 70}, {"Senior Software Engineer", 60}, {"Sales Manager", 55}, {"Marketing Manager", 55},
    {"Project Manager", 45}, {"Account Manager", 45}, {"Data Analyst", 40}, {"Product Manager", 35}, {"Customer Support Representative", 35},
    {"Sales Development Representative", 30}, {"CEO", 28}, {"Operations Manager", 28}, {"Business Development Manager", 26}, {"HR Manager", 25},
    {"Director of Engineering", 24}, {"Customer Success Manager", 24}, {"VP Sales", 22}, {"Head of Marketing", 22}, {"Recruiter", 22},
    {"Owner", 22}, {"IT Administrator", 22}, {"Founder & CEO", 20}, {"Sales Director", 20}, {"Junior Developer", 20}, {"Executive Assistant", 18},
    {"Controller", 18}, {"Senior Product Manager", 18}, {"UX Designer", 18}, {"Finance Manager", 16}, {"Data Scientist", 16}, {"CTO", 14},
    {"DevOps Engineer", 14}, {"Accountant", 14}, {"CFO", 12}, {"Regional Manager, EMEA", 12}, {"Purchasing Manager", 12}, {"Head of Sales", 12},
    {"Engineering Manager", 12}, {"Content Marketing Specialist", 12}, {"VP Engineering", 10}, {"VP Marketing", 10}, {"Marketing Intern", 10},
    {"Partner", 10}, {"Store Manager", 10}, {"Nurse", 10}, {"Machine Learning Engineer", 9}, {"Legal Counsel", 8}, {"Head of People", 8},
    {"Security Engineer", 8}, {"Chief Marketing Officer", 8}, {"Procurement Specialist", 8}, {"Teacher", 8}, {"Supply Chain Director", 7},
    {"Product Designer", 7}, {"Head of Customer Success", 7}, {"Research Scientist", 7}, {"Senior Accountant", 7}, {"Talent Acquisition Partner", 6},
    {"Chief Operating Officer", 6}, {"Warehouse Supervisor", 6}, {"QA Engineer", 6}, {"Director of Finance", 6}, {"Compliance Officer", 5},
    {"Senior Director, Business Development", 5}, {"Brand Manager", 5}, {"Co-Founder", 5}, {"Physician", 4}, {"Chief Information Security Officer", 3},
    {"General Counsel", 3}, {"Engineering Intern", 3}, {"Creative Director", 3}, {"Chief of Staff", 2}, {"Managing Partner", 2}, {NULL, 0},
};

const struct sample_word sample_industries[] = {
    {"information technology", 170}, {"computer software", 130}, {"financial services", 85}, {"marketing & advertising", 60},
    {"machinery", 50}, {"hospital & health care", 60}, {"retail", 55}, {"construction", 45}, {"logistics", 40},
    {"management consulting", 40}, {"real estate", 35}, {"insurance", 30}, {"automotive", 30}, {"food production", 28},
    {"telecommunications", 25}, {"education", 25}, {"renewables", 18}, {"chemicals", 16}, {"pharmaceuticals", 16},
    {"biotechnology", 12}, {"aviation & aerospace", 10}, {"hospitality", 10}, {"media production", 8}, {"textiles", 5},
    {"shipbuilding", 2}, {NULL, 0},
};

const struct sample_word sample_statuses[] = {
    {"verified", 600}, {"unverified", 230}, {"guessed", 120}, {"bounced", 50}, {NULL, 0},
};

const struct sample_word sample_phone_types[] = {
    {"mobile", 40}, {"direct", 25}, {"work", 30}, {"other", 5}, {NULL, 0},
};

const char *const sample_heads[] = {
    "Bran", "Cald", "Dorv", "Elmar", "Fenn", "Galv", "Hest", "Irma", "Jorv", "Kell", "Lorn", "Marv", "Nald", "Oster", "Pell", "Quor", "Rand",
    "Sarn", "Tolv", "Ulm", "Varn", "Wend", "Xant", "Yeld", "Zorn", "Ask", "Brill", "Corv", "Drom", "Ember", "Frost", "Gild", "Hark", "Ister",
    "Juno", "Kest", NULL};

const char *const sample_tails[] = {
    "avia", "bria", "cora", "dane", "eska", "fara", "gora", "holm", "inta", "juna", "kova", "lind", "mora", "nova", "olis", "para", "quil",
    "rona", "stra", "tara", "ulon", "vanta", "wick", "xia", "yara", "zeta", "ander", "elle", "orix", "umbra", "iston", "ovar", "essa", "adel",
    "inor", NULL};

const char *const sample_trades[] = {
    "Systems", "Software", "Logistics", "Group", "Labs", "Industries", "Partners", "Analytics", "Foods", "Energy", "Consulting", "Health", "Media",
    "Capital", "Robotics", "Materials", "Networks", "Studio", "Motors", "Textiles", "Instruments", "Services", "Digital", "Works", NULL};

const char *const sample_technologies[] = {
    "Salesforce", "HubSpot", "Google Analytics", "AWS", "Azure", "Google Cloud", "Cloudflare", "WordPress", "Shopify",
    "Magento", "Marketo", "Slack", "Zendesk", "Intercom", "Stripe", "PayPal", "SAP", "Oracle", "Workday", "NetSuite",
    "PostgreSQL", "MySQL", "MongoDB", "Redis", "Kafka", "Kubernetes", "Docker", "Terraform", "Jenkins", "GitHub", "GitLab",
    "Jira", "Confluence", "Tableau", "Power BI", "Snowflake", "Databricks", "Segment", "Mixpanel", "Amplitude", "React",
    "Angular", "Vue", "Next.js", "Node.js", "Django", "Rails", "Laravel", "Drupal", "Nginx", "Apache", "Varnish", "Okta",
    "Auth0", "Twilio", "SendGrid", "Mailchimp", "Hotjar", "Optimizely", "Datadog", NULL};

const char *const sample_keywords[] = {
    "b2b", "saas", "cloud", "iot", "robotics", "industry 4.0", "e-commerce", "fintech", "analytics", "automation", "logistics",
    "sustainability", "cybersecurity", "machine learning", "mobile", "consulting", "manufacturing", "health", "training",
    "outsourcing", "supply chain", "digital marketing", "open source", "api", "hardware", "retail", "travel", "energy",
    "compliance", "payments", "logistics software", "renewable energy", "public sector", "venture capital", "edge computing",
    "data privacy", "customer experience", "remote work", "3d printing", "medical devices", NULL};
/* clang-format on */
