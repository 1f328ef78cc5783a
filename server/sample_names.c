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

const struct sample_country sample_countries[] = {
    {"US", 340, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("New York|New York", "San Francisco|California", "Los Angeles|California", "Chicago|Illinois", "Austin|Texas",
           "Boston|Massachusetts", "Seattle|Washington", "Denver|Colorado", "Atlanta|Georgia", "Miami|Florida",
           "Portland|Oregon", "Phoenix|Arizona", "Tucson|Arizona", "Dallas|Texas", "Houston|Texas", "Nashville|Tennessee",
           "Philadelphia|Pennsylvania", "San Diego|California", "Columbus|Ohio", "Minneapolis|Minnesota"), "+1503555", 4},
    {"GB", 95, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("London|England", "Manchester|England", "Birmingham|England", "Leeds|England", "Bristol|England",
           "Edinburgh|Scotland", "Glasgow|Scotland", "Cardiff|Wales", "Belfast|Northern Ireland", "Cambridge|England"), "+4420794609", 2},
    {"DE", 90, WORDS("Anna", "Lukas", "Björn", "Jürgen", "Sabine", "Karin", "Jonas", "Leonie", "Felix", "Mia", "Heike", "Uwe",
           "Gitte", "Matthias", "Ulrike", "Stefan", "Käthe", "Sören", "Ayşe", "Emre"),
     WORDS("Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer",
           "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Keller", "Groß"),
     WORDS("Berlin|Berlin", "München|Bavaria", "Hamburg|Hamburg", "Köln|North Rhine-Westphalia", "Leipzig|Saxony",
           "Frankfurt|Hesse", "Stuttgart|Baden-Württemberg", "Düsseldorf|North Rhine-Westphalia", "Dresden|Saxony"), "+4930231250", 2},
    {"FR", 65, WORDS("Chloé", "Hugo", "Camille", "Louis", "Inès", "Jules", "Manon", "Gaël", "Zoé", "Noël", "Éloïse", "Théo"),
     WORDS("Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Lefèvre", "Géraud"),
     WORDS("Paris|Île-de-France", "Lyon|Auvergne-Rhône-Alpes", "Marseille|Provence-Alpes-Côte d'Azur", "Lille|Hauts-de-France",
           "Nantes|Pays de la Loire", "Toulouse|Occitanie"), "+3319900", 4},
    {"IN", 70, WORDS("Aarav", "Vivaan", "Aditya", "Ananya", "Diya", "Ishaan", "Kavya", "Rohan", "Priya", "Neha", "अर्जुन", "मीरा"),
     WORDS("Sharma", "Verma", "Gupta", "Patel", "Iyer", "Reddy", "Nair", "Mehta", "Kapoor", "Das", "शर्मा", "सिंह"),
     WORDS("Bengaluru|Karnataka", "Mumbai|Maharashtra", "Pune|Maharashtra", "Hyderabad|Telangana", "Delhi|Delhi", "Chennai|Tamil Nadu"), "+1520555", 4},
    {"CA", 45, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("Toronto|Ontario", "Vancouver|British Columbia", "Montréal|Quebec", "Calgary|Alberta", "Ottawa|Ontario"), "+1613555", 4},
    {"AU", 35, ENGLISH_FIRST, ENGLISH_LAST,
     WORDS("Sydney|New South Wales", "Melbourne|Victoria", "Brisbane|Queensland", "Perth|Western Australia"), "+6125550", 4},
    {"NL", 35, WORDS("Bram", "Sanne", "Daan", "Lotte", "Jeroen", "Femke", "Thijs", "Anouk", "Joost", "Maaike"),
     WORDS("de Vries", "van Dijk", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "de Groot", "Bos", "Vos"),
     WORDS("Amsterdam|North Holland", "Utrecht|Utrecht", "Rotterdam|South Holland", "Eindhoven|North Brabant"), "+1202555", 4},
    {"ES", 35, WORDS("Lucía", "Hugo", "Martín", "Sofía", "José", "Marta", "Álvaro", "Inés", "Íñigo", "Begoña"),
     WORDS("García", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Núñez", "Ibáñez", "Ruiz"),
     WORDS("Madrid|Madrid", "Barcelona|Catalonia", "Valencia|Valencia", "Sevilla|Andalusia", "Bilbao|Basque Country"), "+1206555", 4},
    {"IT", 30, WORDS("Luca", "Giulia", "Marco", "Chiara", "Matteo", "Francesca", "Niccolò", "Alessandra"),
     WORDS("Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco"),
     WORDS("Milano|Lombardy", "Roma|Lazio", "Torino|Piedmont", "Bologna|Emilia-Romagna"), "+1303555", 4},
    {"BR", 30, WORDS("João", "Ana", "Pedro", "Beatriz", "Gustavo", "Larissa", "Conceição", "Thiago"),
     WORDS("Silva", "Santos", "Oliveira", "Souza", "Pereira", "Lima", "Araújo", "Gonçalves"),
     WORDS("São Paulo|São Paulo", "Rio de Janeiro|Rio de Janeiro", "Curitiba|Paraná", "Belo Horizonte|Minas Gerais"), "+1404555", 4},
    {"JP", 30, WORDS("花子", "太郎", "健太", "美咲", "さくら", "翔太", "陽菜", "大輔"),
     WORDS("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"),
     WORDS("東京|東京都", "大阪|大阪府", "名古屋|愛知県", "福岡|福岡県"), "+1415555", 4},
    {"PL", 20, WORDS("Piotr", "Agnieszka", "Łukasz", "Małgorzata", "Paweł", "Żaneta", "Krzysztof", "Zofia"),
     WORDS("Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Zając", "Lewandowski", "Dąbrowski", "Piątek"),
     WORDS("Warszawa|Masovia", "Kraków|Lesser Poland", "Wrocław|Lower Silesia", "Gdańsk|Pomerania"), "+1512555", 4},
    {"SE", 15, WORDS("Nils", "Astrid", "Åsa", "Björn", "Elin", "Göran"), WORDS("Berg", "Lindström", "Åkesson", "Holm", "Sjögren", "Öberg"),
     WORDS("Stockholm|Stockholm", "Göteborg|Västra Götaland", "Malmö|Skåne"), "+1617555", 4},
    {"CH", 15, WORDS("Reto", "Ursina", "Beat", "Noémie", "Jürg", "Luzia"), WORDS("Ammann", "Bühler", "Gfeller", "Zürcher", "Favre", "Rüegg"),
     WORDS("Zürich|Zürich", "Genève|Geneva", "Basel|Basel-Stadt", "Bern|Bern"), "+1702555", 4},
    {"CN", 15, WORDS("伟", "芳", "娜", "敏", "静", "磊"), WORDS("王", "李", "张", "刘", "陈", "杨"),
     WORDS("上海|上海", "北京|北京", "深圳|广东", "杭州|浙江"), "+1808555", 4},
    {"UA", 10, WORDS("Олександр", "Наталія", "Андрій", "Оксана", "Юлія"), WORDS("Шевченко", "Коваленко", "Бондаренко", "Ткаченко", "Їжак"),
     WORDS("Київ|Київ", "Львів|Львівська область"), "+1919555", 4},
    {"AE", 10, WORDS("محمد", "فاطمة", "أحمد", "مريم", "Omar"), WORDS("المنصوري", "النعيمي", "الشامسي", "Haddad"),
     WORDS("Dubai|Dubai", "Abu Dhabi|Abu Dhabi"), "+1212555", 4},
    {"MX", 15, WORDS("Ximena", "Diego", "Valeria", "Emiliano", "Renata"), WORDS("Hernández", "Jiménez", "Ramírez", "Ortiz", "Muñoz"),
     WORDS("Ciudad de México|Mexico City", "Guadalajara|Jalisco", "Monterrey|Nuevo León"), "+1714555", 4},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

const struct sample_word sample_titles[] = {
    {"Account Executive", 70}, {"Software Engineer", 90}, {"Sales Manager", 55}, {"Marketing Manager", 55},
    {"Senior Software Engineer", 60}, {"Project Manager", 45}, {"Account Manager", 45}, {"Data Analyst", 40},
    {"VP Sales", 22}, {"Head of Marketing", 22}, {"Director of Engineering", 24}, {"Customer Support Representative", 35},
    {"HR Manager", 25}, {"Recruiter", 22}, {"Controller", 18}, {"CEO", 28}, {"Founder & CEO", 20}, {"CTO", 14}, {"CFO", 12},
    {"Chief Marketing Officer", 8}, {"Owner", 22}, {"Product Manager", 35}, {"Senior Product Manager", 18},
    {"UX Designer", 18}, {"IT Administrator", 22}, {"VP Engineering", 10}, {"VP Marketing", 10}, {"Operations Manager", 28},
    {"Regional Manager, EMEA", 12}, {"Business Development Manager", 26}, {"Marketing Intern", 10}, {"Junior Developer", 20},
    {"Purchasing Manager", 12}, {"Legal Counsel", 8}, {"Partner", 10}, {"Sales Director", 20}, {"Finance Manager", 16},
    {"Data Scientist", 16}, {"Supply Chain Director", 7}, {"Head of People", 8}, {"Vertriebsleiter", 6}, {"Geschäftsführer", 8},
    {"Directeur Commercial", 4}, {"営業部長", 4}, {"Security Engineer", 8}, {"DevOps Engineer", 14}, {"Executive Assistant", 9},
    {"Machine Learning Engineer", 9}, {"Sales Development Representative", 30}, {"Customer Success Manager", 24}, {NULL, 0},
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

const char *const sample_company_stems[] = {
    "Nordwind", "Quantico", "Helios", "Atelier", "Lumen", "Kestrel", "Rheinwerk", "Fjord", "Arno", "Duero", "Vasa", "Sava",
    "Wisła", "Mistral", "Tagus", "Ferro", "Pampa", "Aurora", "Basalt", "Cobalt", "Delta", "Ember", "Falcon", "Granite",
    "Harbor", "Indigo", "Juniper", "Kilo", "Lattice", "Meridian", "Nimbus", "Onyx", "Pinnacle", "Quarry", "Ridge", "Summit",
    "Tundra", "Umber", "Vertex", "Willow", "Xenon", "Yarrow", "Zephyr", "Alder", "Birch", "Cedar", "Driftwood", "Elm",
    "Foundry", "Glacier", "Hazel", "Ivory", "Jasper", "Keystone", "Linden", "Maple", "Northgate", "Orchard", "Prairie",
    "Quill", "Redwood", "Sable", "Thistle", "Ultramar", "Verdant", "Westbrook", NULL};

const char *const sample_company_kinds[] = {
    "Systems", "GmbH", "Logistics", "Software", "Group", "Labs", "Industries", "Partners", "Analytics", "Foods", "Energy",
    "Consulting", "Health", "Media", "BV", "AG", "SA", "Capital", "Robotics", "Materials", "Networks", "Studio", "株式会社",
    "Motors", "Textiles", NULL};

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
    "compliance", "payments", NULL};
/* clang-format on */
